/** Variables as a rendered spec has them. */
export const env = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value: [value] }));
