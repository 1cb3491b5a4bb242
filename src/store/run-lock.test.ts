import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TextVersion, VersionedText } from '../run/store.ts';
import { ok } from '../util/result.ts';
import { askToCancel, type ProcessIdentity, RunLock, takeRunLock, whoDrives } from './run-lock.ts';

/** A text in memory with the clock of where it is kept. */
function textInMemory() {
  const place = { now: 0, losesAnswers: 0 };
  let newest: (Omit<TextVersion, 'ageMs'> & { at: number }) | undefined;
  const text: VersionedText = {
    read: async () => ok(newest && { ...newest, ageMs: place.now - newest.at }),
    write: async (content, over) => {
      if (newest?.version !== over) return ok(undefined);
      const version = String(Number(over ?? 0) + 1);
      newest = { text: content, version, at: place.now };
      // Whoever asks again finds that the version is not the one he knows.
      return ok(place.losesAnswers-- > 0 ? undefined : version);
    },
  };
  return { place, text };
}

const HERE: ProcessIdentity = { host: 'here', pid: 1 };
const ELSEWHERE: ProcessIdentity = { host: 'elsewhere', pid: 2 };
const unknown = () => undefined;

async function take(text: VersionedText, self: ProcessIdentity, isAlive: () => boolean | undefined = unknown) {
  const token = `${self.host}-${Math.random()}`;
  const taken = await takeRunLock(text, { self, token, isAlive, beatMs: 1e9 });
  assert.ok(taken.ok);
  return taken.value;
}

async function own(text: VersionedText, self: ProcessIdentity): Promise<RunLock> {
  const lock = await take(text, self);
  assert.ok(lock instanceof RunLock, JSON.stringify(lock));
  return lock;
}

test('run lock: held by one process, named to the others, and free when it is let go', async () => {
  const { text } = textInMemory();
  const first = await own(text, HERE);
  assert.deepEqual(await take(text, ELSEWHERE), { process: HERE, heardMs: 0 });
  await first.release();
  assert.deepEqual(await whoDrives(text, unknown), ok(undefined));
  const second = await own(text, ELSEWHERE);
  assert.deepEqual([first.epoch, second.epoch], [1, 2]);
});

test('run lock: of another machine it is free a minute after its owner was heard of last, and the owner learns that it lost it', async () => {
  const { place, text } = textInMemory();
  const first = await own(text, HERE);
  place.now += 40_000;
  await first.beat();
  place.now += 59_999;
  assert.ok(!((await take(text, ELSEWHERE)) instanceof RunLock));
  place.now += 1;
  const second = await own(text, ELSEWHERE);
  await first.beat();
  assert.deepEqual(first.lostTo, ELSEWHERE);
  await first.release();
  await second.beat();
  assert.equal(second.lostTo, undefined, 'whoever has lost it lets go of nothing');
});

test('run lock: on the same machine it is free as soon as its owner is dead, and held however long it is silent', async () => {
  const { place, text } = textInMemory();
  await own(text, HERE);
  place.now += 1e9;
  assert.ok(!((await take(text, HERE, () => true)) instanceof RunLock));
  assert.ok((await take(text, HERE, () => false)) instanceof RunLock);
});

test('run lock: an answer that was lost on the way is no other owner', async () => {
  const { place, text } = textInMemory();
  place.losesAnswers = 1;
  const lock = await own(text, HERE);
  place.losesAnswers = 1;
  await lock.beat();
  await lock.beat();
  assert.equal(lock.lostTo, undefined);
});

test('run lock: its owner hears at the next beat that it is asked to stop everything; nobody is asked where nobody drives', async () => {
  const { text } = textInMemory();
  const asker = { self: ELSEWHERE, isAlive: unknown };
  assert.deepEqual(await askToCancel(text, asker), ok(false));
  const lock = await own(text, HERE);
  assert.deepEqual(await askToCancel(text, asker), ok(true));
  assert.equal(lock.cancelRequested, false);
  await lock.beat();
  assert.equal(lock.cancelRequested, true);
  assert.equal(lock.lostTo, undefined);
  await lock.release();
  assert.deepEqual(await askToCancel(text, asker), ok(false));
});

test('run lock: one that a newer version has written is taken from nobody; one that a machine left half written is free', async () => {
  const { text } = textInMemory();
  await text.write('{"version":2,"who":"somebody"}', undefined);
  for (const answer of [await whoDrives(text, unknown), await askToCancel(text, { self: HERE, isAlive: unknown })]) {
    assert.ok(!answer.ok);
    assert.match(answer.error.detail, /in form 2, and this one knows form 1/);
  }
  const taken = await takeRunLock(text, { self: HERE, token: 't', isAlive: unknown, beatMs: 1e9 });
  assert.ok(!taken.ok);
  await text.write('', '1');
  assert.deepEqual(await whoDrives(text, unknown), ok(undefined));
  await own(text, HERE);
});

/** Writes as often as others let it, and says which versions were its own. */
const CONTENDER = `
  const { versionedFile } = await import(process.argv[2]);
  const place = versionedFile(process.argv[3]);
  const own = [];
  for (let turn = 0; turn < 40; turn++) {
    const found = await place.read();
    const written = await place.write(process.argv[4], found.value?.version);
    if (written.value !== undefined) own.push(written.value);
  }
  process.send(own);
`;

test('versioned file: of processes that write over the same version one wins, each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-lock-'));
  const script = join(folder, 'contender.mts');
  await writeFile(script, CONTENDER);
  const place = join(folder, 'lock');
  const module = join(import.meta.dirname, 'versioned-file.ts');
  const owned = await Promise.all(
    ['a', 'b', 'c', 'd'].map(
      (name) =>
        new Promise<string[]>((resolve, reject) => {
          const child = fork(script, [module, place, name], { execArgv: ['--import', 'tsx'], silent: true });
          child.once('message', (own) => resolve(own as string[]));
          child.once('exit', (code) => reject(new Error(`contender ended with ${code}`)));
        }),
    ),
  );
  const versions = owned.flat();
  assert.equal(new Set(versions).size, versions.length, 'a version has two writers');
  assert.ok(versions.length >= 30);
  assert.ok((await readdir(place)).length <= 8, 'older versions and temporary files are gone');
  await rm(folder, { recursive: true });
});
