const units: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/**
 * What a quantity of Kubernetes comes to, such as `8Gi` in bytes.
 *
 * @throws Error when it is none.
 */
export function bytesOf(quantity: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]{0,2})$/.exec(quantity) ?? [];
  const factor = units[unit];
  if (number === undefined || factor === undefined) throw new Error(`${quantity} is no quantity`);
  return Number(number) * factor;
}
