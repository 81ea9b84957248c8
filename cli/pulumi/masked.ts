/** What the engine shows of a secret that was not asked for. */
const masked = "[secret]";

/** Marks a secret in the engine's events; it takes the place of a type: sdk/go/common/resource/sig of pulumi/pulumi. */
const signature = { key: "4dabf18193072939515e22adb298388d", secret: "1b47061264138c4ac30d75fd1eb44270" } as const;

/** Outputs without those whose value the engine has masked. */
export function withoutSecrets(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== masked));
}

/** Outputs of an event, as `pulumi stack output` would show them: secrets as `[secret]`. */
export function eventOutputs(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, isSecret(value) ? masked : value]));
}

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.entries(value).some(isSignature);
}

function isSignature([key, value]: [string, unknown]): boolean {
  return key === signature.key && value === signature.secret;
}
