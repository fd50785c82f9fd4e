const key = "rebake:token";

/** The token of this browser: kept in its localStorage until it is forgotten or refused. */
export const tokenStore = {
  read: (): string | null => localStorage.getItem(key),
  keep: (token: string): void => localStorage.setItem(key, token),
  forget: (): void => localStorage.removeItem(key),
};
