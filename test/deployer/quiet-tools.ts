import { toolRunner } from "../../src/deployer/container/tools.js";
import type { RunTool } from "../../src/deployer/deployer.js";

/** Runs git and npm as the program in containers does, without passing on what they print. */
export const quietTools: RunTool = (argv, env, options) =>
  toolRunner(new AbortController().signal)(argv, env, { ...options, quiet: true });
