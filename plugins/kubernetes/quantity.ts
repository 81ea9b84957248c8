/**
 * Writes a quantity as the API server does (`1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`), so that what is declared can
 * be compared with what is stored. Text that is no quantity stays as it is.
 */
export function canonicalQuantity(value: string | number): string {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([a-zA-Z]\w*|[eE][+-]?\d+)?$/.exec(String(value).trim());
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match ?? [];
  const unit = unitOf(suffix);
  if (match === null || unit === undefined || whole + fraction === "") {
    return String(value);
  }
  // In nano units: nothing smaller is kept, and what is smaller is rounded up.
  const digits = BigInt(whole + fraction);
  const scale = 10n ** BigInt(fraction.length);
  const scaled = digits * unit.nanos;
  const nanos = scaled / scale + (scaled % scale === 0n ? 0n : 1n);
  const negative = sign === "-" && nanos !== 0n ? "-" : "";
  return negative + (unit.format === "binary" ? binary(nanos) : decimal(nanos, unit.format));
}

const NANO = 10n ** 9n;

type Format = "binary" | "decimal" | "exponent";

function unitOf(suffix: string): { nanos: bigint; format: Format } | undefined {
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  if (exponent !== undefined) {
    const power = Number(exponent) + 9;
    return power < 0 || power > 60 ? undefined : { nanos: 10n ** BigInt(power), format: "exponent" };
  }
  const decimalIndex = DECIMAL_SUFFIXES.indexOf(suffix);
  if (decimalIndex >= 0) {
    return { nanos: 1000n ** BigInt(decimalIndex), format: "decimal" };
  }
  const binaryIndex = BINARY_SUFFIXES.indexOf(suffix);
  return binaryIndex >= 1 ? { nanos: NANO * 1024n ** BigInt(binaryIndex), format: "binary" } : undefined;
}

const DECIMAL_SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

function decimal(nanos: bigint, format: "decimal" | "exponent"): string {
  if (nanos === 0n) {
    return "0";
  }
  let amount = nanos;
  let index = 0;
  while (amount % 1000n === 0n && index < DECIMAL_SUFFIXES.length - 1) {
    amount /= 1000n;
    index++;
  }
  const power = (index - 3) * 3;
  return `${amount}${format === "decimal" ? (DECIMAL_SUFFIXES[index] ?? "") : power === 0 ? "" : `e${power}`}`;
}

function binary(nanos: bigint): string {
  if (nanos < 1024n * NANO) {
    return decimal(nanos, "decimal");
  }
  let amount = nanos / NANO + (nanos % NANO === 0n ? 0n : 1n);
  let index = 0;
  while (amount % 1024n === 0n && index < BINARY_SUFFIXES.length - 1) {
    amount /= 1024n;
    index++;
  }
  return `${amount}${BINARY_SUFFIXES[index] ?? ""}`;
}
