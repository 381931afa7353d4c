// Read by Vite, by svelte-check and by editors.
export default { compilerOptions: { runes: true } };
