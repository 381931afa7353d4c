// Nothing to set: Svelte reads TypeScript's types by itself. The file tells editors and svelte-check that this is it.
export default {};
