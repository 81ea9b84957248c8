import assert from "node:assert/strict";
import { Bundle, me } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const head = "plinth-bundle 1\nbundle demo\ngeneration 1\n";
const sha = "0".repeat(64);

/** Streams that must be refused: title → text, what the sentence says. */
const refused: Record<string, [string, RegExp]> = {
  "nothing at all": ["", /it is empty/],
  "something else": ["hello\n", /this is not a bundle/],
  "another version": ["plinth-bundle 2\nend\n", /understands `plinth-bundle 1` only/],
  "a truncated stream": [head, /truncated: there is no `end`/],
  "no name": ["plinth-bundle 1\ngeneration 1\nend\n", /there is no `bundle NAME`/],
  "no generation": ["plinth-bundle 1\nbundle demo\nend\n", /there is no `generation NUMBER`/],
  "a bad name": ["plinth-bundle 1\nbundle ../x\n", /name of the bundle/],
  "an unknown directive": [`${head}frobnicate x\nend\n`, /line 4 .*unknown directive frobnicate/],
  "content without a file": [`${head}|text\nend\n`, /content that belongs to no file/],
  "a relative path": [`${head}file etc/x 0644 ${me}\nend\n`, /etc\/x is not absolute/],
  "a path with ..": [`${head}file /etc/../x 0644 ${me}\nend\n`, /is not plain/],
  "a path with a space": [`${head}file /etc/a b 0644 ${me}\nend\n`, /mode b|unknown option|expected/],
  "a path with a quote": [`${head}file /etc/a"b 0644 ${me}\nend\n`, /character that is not allowed/],
  "a path of ours": [`${head}file /var/lib/plinth/claim 0644 ${me}\nend\n`, /keeps its own things/],
  "a path twice": [`${head}file /etc/a 0644 ${me}\nfile /etc/a 0644 ${me}\nend\n`, /listed twice/],
  "a bad mode": [`${head}file /etc/a 99 ${me}\nend\n`, /octal/],
  "a bad owner": [`${head}file /etc/a 0644 root\nend\n`, /user:group/],
  "too few words": [`${head}file /etc/a\nend\n`, /expected `file PATH MODE OWNER/],
  "an unknown option": [`${head}file /etc/a 0644 ${me} reboot=yes\nend\n`, /unknown option reboot=yes/],
  "a restart of a unit that is not listed": [
    `${head}file /etc/a 0644 ${me} restart=a.service\nend\n`,
    /no line `unit a.service`/,
  ],
  "a bad unit": [`${head}unit a\nend\n`, /not the name of a unit/],
  "an unknown check": [`${head}check magic 3 a.service\nend\n`, /unknown check magic/],
  "a check without arguments": [`${head}check http-ok 3 a.service\nend\n`, /takes at least 2 arguments, found 0/],
  "a check of a check that is unknown": [`${head}check if-file 3 a.service /x magic\nend\n`, /unknown check magic/],
  "a check of a check without arguments": [
    `${head}check if-bundle 3 a.service other if-file /x http-ok y\nend\n`,
    /check http-ok takes at least 2 arguments, found 1/,
  ],
  "a check without a deadline": [`${head}check command soon a.service true\nend\n`, /not a number of seconds/],
  "a bad checksum": [`${head}binary a 1 abc http://x/a\nend\n`, /not a sha256/],
  "a bad address": [`${head}binary a 1 ${sha} ftp://x/a\nend\n`, /not http/],
  "a download with a bad checksum": [
    `${head}download /etc/a 0644 ${me} abc http://x/a\nend\n`,
    /\/etc\/a is not a sha256/,
  ],
  "a download with a bad address": [
    `${head}download /etc/a 0644 ${me} ${sha} ftp://x/a\nend\n`,
    /\/etc\/a is not http/,
  ],
  "a download to a path of a file": [
    `${head}file /etc/a 0644 ${me}\ndownload /etc/a 0644 ${me} ${sha} http://x/a\nend\n`,
    /listed twice/,
  ],
  "a download that restarts a unit that is not listed": [
    `${head}download /etc/a 0644 ${me} ${sha} http://x/a restart=a.service\nend\n`,
    /no line `unit a.service`/,
  ],
  "a secret without its content": [`${head}secret /etc/k 0600 ${me}\nend\n`, /does not give the content of \/etc\/k/],
  "an empty secret": [
    `${head}secret /etc/k 0600 ${me}\nend\nplinth-secrets 1\nsecret /etc/k\nend\n`,
    /the secret \/etc\/k has no content/,
  ],
  "a truncated secret part": [
    `${head}secret /etc/k 0600 ${me}\nend\nplinth-secrets 1\nsecret /etc/k\n|x\n`,
    /secret part is truncated/,
  ],
  "a secret that was not announced": [`${head}end\nplinth-secrets 1\nsecret /etc/k\n|x\nend\n`, /does not announce/],
  "a secret given twice": [
    `${head}secret /etc/k 0600 ${me}\nend\nplinth-secrets 1\nsecret /etc/k\n|x\nsecret /etc/k\n|x\nend\n`,
    /given twice/,
  ],
  "a secret for everyone": [`${head}secret /etc/k 0644 ${me}\nend\n`, /open to everyone/],
  "text after the end": [`${head}end\nplinth-secrets 1\nend\nmore\n`, /text after the last `end`/],
};

onHosts("the bundle stream", (host) => {
  it("is refused as a whole, with one sentence, when it is not right", async () => {
    await host().claim();
    const before = host().list("/");
    for (const [title, [text, sentence]] of Object.entries(refused)) {
      const stderr = await host().refuse(text, 65);
      assert.match(stderr, sentence, title);
      assert.match(stderr, /^cp1: [^\n]+; nothing was changed\n$/, title);
    }
    assert.deepEqual(host().list("/"), before);
    assert.deepEqual(host().log(), []);
  });

  it("never shows text of the secret part in its errors", async () => {
    await host().claim();
    const stderr = await host().refuse(
      `${head}secret /etc/k 0600 ${me}\nend\nplinth-secrets 1\nsecret /etc/k\n|x\nTOPSECRET\nend\n`,
      65,
    );
    assert.doesNotMatch(stderr, /TOPSECRET/);
  });

  it("carries any text line by line", async () => {
    await host().claim();
    const text = 'tab\there\n|bar\n\n  "quotes" \\n $HOME `x` %s ümlaut\nend\nfile /x 0644 a:b\n';
    const long = `${"x".repeat(100_000)}\n`;
    await host().apply(new Bundle("demo").file("/etc/a", text).file("/etc/empty", "").secret("/etc/k", long));
    assert.equal(host().read("/etc/a"), text);
    assert.equal(host().read("/etc/empty"), "");
    assert.equal(host().read("/etc/k"), long);
  });
});
