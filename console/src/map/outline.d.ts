/** Made by ../../outline.ts. */
declare module "virtual:outline" {
  const lines: Readonly<Record<"own" | "near", number[][][]>>;
  export default lines;
}
