/** A file that codegen made; none is written yet. */
export interface GeneratedFile {
  path: string;
  text: string;
}

const script = new URL("../../../scripts/sdk.mjs", import.meta.url).href;

/** What `npm run schema` generates from the configuration in a folder, e.g. `examples/clients`. */
export async function generateSdk(folder: string): Promise<GeneratedFile[]> {
  const { generateSdk } = await import(script);
  return generateSdk(folder);
}
