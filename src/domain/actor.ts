import type { Role } from "./access-token.js";

/** Who acts: the name of the token, kept as author and requester. */
export interface Actor {
  tokenId: string;
  name: string;
}

/** What a token may see and change. */
export interface Scope {
  role: Role;
  /** Codes of environments; null means all. */
  environments: readonly string[] | null;
}
