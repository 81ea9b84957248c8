/** A describe block that is run once under every shell that hosts may have as /bin/sh, each test with a fresh host. */

import { FakeHost, shells } from "./fake-host.ts";

export function onHosts(title: string, tests: (host: () => FakeHost) => void): void {
  for (const shell of shells) {
    describe(`${title} (${shell})`, function () {
      // Real processes on a machine that may be busy.
      this.timeout(30_000);
      let current: FakeHost | undefined;
      beforeEach(() => {
        current = new FakeHost(shell);
      });
      afterEach(() => {
        current?.remove();
      });
      tests(() => {
        if (current === undefined) throw new Error("a host exists in tests only");
        return current;
      });
    });
  }
}
