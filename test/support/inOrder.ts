/**
 * For a suite whose tests build on each other: after one has failed, the others are not run, which the reporter tells. Mocha's own `bail`
 * leaves out the suite as well when a test of another one has failed before, and hides what is wrong with it.
 */
export function stopAtFirstFailure(suite: Mocha.Suite): void {
  let failed: string | undefined;
  suite.beforeEach(function () {
    if (failed !== undefined) throw new Error(`not run, because this test failed: ${failed}`);
  });
  suite.afterEach(function () {
    if (this.currentTest?.state === "failed") failed = this.currentTest.title;
  });
}
