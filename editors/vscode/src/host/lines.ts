/** Cuts a stream of bytes into lines. A line may be as long as it likes. */

import { StringDecoder } from "node:string_decoder";

export class LineSplitter {
  private readonly decoder = new StringDecoder("utf8");
  private pieces: string[] = [];

  constructor(private readonly onLine: (line: string) => void) {}

  write(chunk: Buffer): void {
    const lines = this.decoder.write(chunk).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      // Pieces are joined once a line is whole: adding to a string for each chunk of a long line
      // would copy it over and over.
      this.pieces.push(line);
      const whole = this.pieces.join("").replace(/\r$/, "");
      this.pieces = [];
      if (whole !== "") this.onLine(whole);
    }
    if (rest !== "") this.pieces.push(rest);
  }
}
