// What `npm pack` would make of a clone has TypeScript in it, which Node.js does not run below node_modules.
process.stderr.write("Plinth is packed by `npm run package -- --destination DIR`, which makes JavaScript of it.\n");
process.exitCode = 1;
