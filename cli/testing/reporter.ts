import { writeFileSync } from "node:fs";
import Mocha from "mocha";

/** Mocha's `spec` reporter, which also leaves its numbers in the file named by PLINTH_TALLY. */
class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const path = process.env["PLINTH_TALLY"];
      if (path === undefined) return;
      const { passes, failures, pending } = this.stats;
      writeFileSync(path, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
}

// Mocha loads reporters by require().
export { TallyReporter as "module.exports" };
