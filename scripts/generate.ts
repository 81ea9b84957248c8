/** Writes the parts of scripts that hold names of the program: `npm run generate`. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { generatedScripts } from "../plan/shellnames.ts";

for (const [file, text] of Object.entries(generatedScripts)) writeFileSync(path.join(import.meta.dirname, file), text);
