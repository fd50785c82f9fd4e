/** Has `library/node:20-bookworm` and `library/nginx:1.22`; engines may push to it and pull from it. */
export const registry = process.env.TEST_REGISTRY ?? "127.0.0.1:5000";
/** Where what runs on an engine reaches this host. */
export const hostAddress = process.env.TEST_HOST_ADDRESS ?? "172.17.0.1";
