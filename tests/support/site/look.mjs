// Looks at the pages of a version with Chromium: node look.mjs OPTIONS prints one JSON value. OPTIONS is JSON: `what` names the
// module beside this one that looks, `store` is the address of the store's folder (http: or file:) and `site` the folder of the
// pages in it, each ending in a slash; whatever else a module wants is told at its head.

const options = JSON.parse(process.argv[2])
const { look } = await import(`./${options.what}.mjs`)
console.log(JSON.stringify(await look(options)))
