import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { toolsOwn } from "../../../src/deployer/container/tools.js";
import { tempFolder } from "../../support/temp-folder.js";

describe("the environment of git and npm in a container", () => {
  const home = tempFolder();

  it("has npm's settings and what reaches the network, and nothing of the app's own", () => {
    const environment = {
      PATH: "/bin",
      HOME: home.path,
      HTTPS_PROXY: "http://proxy",
      NPM_CONFIG_REGISTRY: "http://registry",
      NODE_ENV: "production",
      TOKEN: "s3cret",
    };
    expect(toolsOwn(environment, "/cache")).to.deep.equal({
      PATH: "/bin",
      HOME: home.path,
      HTTPS_PROXY: "http://proxy",
      NPM_CONFIG_REGISTRY: "http://registry",
      npm_config_cache: "/cache/npm",
    });
  });

  it("leaves npm the cache it has been given", () => {
    const given = { HOME: home.path, NPM_CONFIG_CACHE: "/own" };
    expect(toolsOwn(given, "/cache")).to.include({ NPM_CONFIG_CACHE: "/own" });
    expect(toolsOwn(given, "/cache")).not.to.have.property("npm_config_cache");
  });

  it("has a home in the cache when there is none that can be read", () => {
    const own = join(home.path, "home");
    expect(toolsOwn({ HOME: "/nowhere" }, home.path)).to.include({ HOME: own });
    expect(toolsOwn({}, home.path)).to.include({ HOME: own });
    expect(existsSync(own)).to.equal(true);
  });
});
