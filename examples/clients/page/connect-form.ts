import type { Address } from "./connection.js";
import { h } from "./dom.js";

const stored = "rebake";

/** What was given before, as long as this tab is open; a token is not for longer than that. */
export function rememberedAddress(): Address | null {
  const text = sessionStorage.getItem(stored);
  return text === null ? null : (JSON.parse(text) as Address);
}

/** Keeps it for the next time this tab loads the page; null forgets it. */
export function rememberAddress(address: Address | null): void {
  if (address === null) {
    sessionStorage.removeItem(stored);
  } else {
    sessionStorage.setItem(stored, JSON.stringify(address));
  }
}

/** Asks once where Rebake is and for a token; again with the `problem` that the `server` given before had. */
export function connectForm(
  server: string,
  problem: string | null,
  done: (address: Address) => void,
): HTMLFormElement {
  const url = h("input", {
    id: "url",
    type: "url",
    required: "",
    value: server,
    autocomplete: "url",
  });
  const token = h("input", {
    id: "token",
    type: "password",
    required: "",
    autocomplete: "off",
    "aria-describedby": "token-hint",
  });
  const form = h(
    "form",
    { class: "connect" },
    h("h1", {}, "Connect to Rebake"),
    problem !== null && h("p", { class: "problem", role: "alert" }, problem),
    h("label", { for: "url" }, "Address of the server"),
    url,
    h("label", { for: "token" }, "Token"),
    token,
    h(
      "p",
      { id: "token-hint", class: "hint" },
      "Kept for this tab only. The admin token is in the file admin-token of the server’s home.",
    ),
    h("button", { type: "submit", class: "primary" }, "Connect"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    done({ url: url.value, token: token.value.trim() });
  });
  queueMicrotask(() => token.focus());
  return form;
}
