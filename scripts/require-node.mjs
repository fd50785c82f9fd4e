// Imported first and alone: it must parse and run on Nodes too old for everything else.
var needed = [20, 19];
var have = process.versions.node.split(".").map(Number);
if (have[0] < needed[0] || (have[0] === needed[0] && have[1] < needed[1])) {
  console.error(
    "Rebake needs Node " +
      needed.join(".") +
      " or newer; this is " +
      process.versions.node +
      ". " +
      "Install a newer one, e.g. from https://nodejs.org/, and try again.",
  );
  process.exit(1);
}
