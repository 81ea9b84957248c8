/**
 * A describe block that is run once under every shell that hosts may have as /bin/sh, each test with a fresh host.
 *
 * @param seconds after which a test hangs: real processes take many times as long as usual on a machine that is busy.
 */

import { FakeHost, shells } from "./fake-host.ts";

export function onHosts(title: string, tests: (host: () => FakeHost) => void, seconds = 180): void {
  for (const shell of shells) {
    describe(`${title} (${shell})`, function () {
      this.timeout(seconds * 1000);
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
