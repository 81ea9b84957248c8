import { writeFileSync } from "node:fs";
import Mocha from "mocha";

/**
 * Mocha's `spec` reporter, which also leaves its numbers in the file named by PLINTH_TALLY. A run that does not end by
 * itself within PLINTH_TEST_EXIT_GRACE seconds (default 30) after its last test is ended and counts one failure more. Tests that were not
 * run are told, and fail the run.
 */
class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const path = process.env["PLINTH_TALLY"];
      if (path === undefined) return;
      const { passes, pending, tests } = this.stats;
      const unrun = runner.total - tests;
      // Mocha leaves out whole suites with `bail` once any test of the run has failed, in whatever suite.
      if (unrun > 0)
        console.error(`${unrun} tests were not run: a hook before them, or a test before their suite, failed`);
      const failures = Math.max(this.stats.failures, unrun > 0 ? 1 : 0);
      const write = (failed: number) => {
        writeFileSync(path, JSON.stringify({ passed: passes, failed, skipped: pending }));
      };
      write(failures);
      // Tests that leave a timer, a child process or a connection behind would keep this process, and the run, for ever.
      const grace = Number(process.env["PLINTH_TEST_EXIT_GRACE"] ?? "30") * 1000;
      setTimeout(() => {
        write(failures + 1);
        console.error(`the tests are over, but left something running: ${process.getActiveResourcesInfo().join(", ")}`);
        // Mocha sets the exit code on its own way out: the tally is what counts.
        process.exit();
      }, grace).unref();
    });
  }
}

// Mocha loads reporters by require().
export { TallyReporter as "module.exports" };
