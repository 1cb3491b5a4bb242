import { StringDecoder } from 'node:string_decoder';

// The largest event that the awslogs driver sends: 256 KiB less 26 bytes that CloudWatch counts for each event
// (github.com/moby/moby, daemon/logger/awslogs: maximumBytesPerEvent).
const LONGEST_BYTES = 262_144 - 26;

/**
 * Cuts a stream of bytes into lines as Docker's awslogs driver does: at line feeds, with empty lines left out and long
 * ones split. A carriage return before the line feed goes. What follows the last line feed is a line, at the end.
 */
export function lineCutter(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  // Holds back the first bytes of a character whose last ones come with the next chunk.
  const decoder = new StringDecoder('utf8');
  let rest = '';

  function take(text: string) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    // A line that never ends must not be held for ever.
    while (Buffer.byteLength(rest) > LONGEST_BYTES) {
      const head = start(rest);
      onLine(head);
      rest = rest.slice(head.length);
    }
  }

  function emit(line: string) {
    let left = line;
    while (left !== '') {
      const head = start(left);
      onLine(head);
      left = left.slice(head.length);
    }
  }

  return {
    push: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end());
      emit(rest);
      rest = '';
    },
  };
}

/** As much of the front of a text as fits one event, no character cut in two. */
function start(text: string): string {
  // No UTF-16 unit takes more than three bytes.
  if (text.length * 3 <= LONGEST_BYTES) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  let end = LONGEST_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
