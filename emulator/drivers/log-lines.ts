import { StringDecoder } from 'node:string_decoder';

// The largest event that the awslogs driver sends: 256 KiB less 26 bytes that CloudWatch counts for each event
// (github.com/moby/moby, daemon/logger/awslogs: maximumBytesPerEvent).
const LONGEST_BYTES = 262_144 - 26;

/** Takes a line. Until the promise that it may return settles, it takes no more, and whoever writes must wait. */
export type LineSink = (line: string) => Promise<void> | undefined;

/** A stream of bytes on its way to the log, line by line. */
export interface LineReader {
  /** Settles when the stream has ended and its last line is taken. */
  readonly done: Promise<void>;
  /** Whether it waits for bytes rather than for the sink. */
  isIdle(): boolean;
}

/** Hands the lines of a stream to the sink, and reads no further while that takes none. A stream that is destroyed has ended. */
export function readLines(stream: NodeJS.ReadableStream, sink: LineSink): LineReader {
  const cutter = lineCutter();
  let isIdle = true;
  async function deliver(lines: readonly string[]) {
    isIdle = false;
    for (const line of lines) {
      const taken = sink(line);
      if (taken) await taken;
    }
    isIdle = true;
  }
  async function read() {
    try {
      for await (const chunk of stream) await deliver(cutter.push(chunk as Buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
    await deliver(cutter.end());
  }
  return { done: read(), isIdle: () => isIdle };
}

/**
 * Cuts bytes into lines as Docker's awslogs driver does: at line feeds, with empty lines left out and long ones split.
 * A carriage return before the line feed goes. What follows the last line feed is a line, at the end.
 */
export function lineCutter(): { push(chunk: Buffer): string[]; end(): string[] } {
  // Holds back the first bytes of a character whose last ones come with the next chunk.
  const decoder = new StringDecoder('utf8');
  let rest = '';

  function take(text: string): string[] {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const cut = lines.flatMap((line) => pieces(line.endsWith('\r') ? line.slice(0, -1) : line));
    // A line that never ends must not be held for ever.
    while (Buffer.byteLength(rest) > LONGEST_BYTES) {
      const head = start(rest);
      cut.push(head);
      rest = rest.slice(head.length);
    }
    return cut;
  }

  return {
    push: (chunk) => take(decoder.write(chunk)),
    end() {
      const cut = [...take(decoder.end()), ...pieces(rest)];
      rest = '';
      return cut;
    },
  };
}

function pieces(line: string): string[] {
  const cut: string[] = [];
  for (let left = line; left !== ''; left = left.slice(cut.at(-1)?.length)) cut.push(start(left));
  return cut;
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
