import protobuf from "google-protobuf";

/**
 * Makes google-protobuf read and write text as Node does, and not character by character: texts of commands are tens of
 * kilobytes, and with thousands of them that is most of what a run without changes costs. It holds for the whole process,
 * so for the SDK's own messages, too. May be called any number of times.
 */
export function useNativeStrings(): void {
  protobuf.BinaryReader.prototype.readString = function (this: protobuf.BinaryReader): string {
    const { buffer, byteOffset, length } = this.readBytes();
    return Buffer.from(buffer, byteOffset, length).toString("utf8");
  };
  protobuf.BinaryWriter.prototype.writeString = function (
    this: protobuf.BinaryWriter,
    field: number,
    value?: string | null,
  ): void {
    if (value !== undefined && value !== null) this.writeBytes(field, Buffer.from(value, "utf8"));
  };
}
