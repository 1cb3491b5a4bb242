import { type Answer, json } from './answer.ts';
import { type ImageSource, imageSource } from './drivers/images.ts';
import type { Holders } from './holders.ts';
import type { Control } from './server.ts';

/** The emulator's own resources: whether it lives, and which folder stands for which image. */
export function control(images: Map<string, ImageSource>, holders: Holders): Control {
  return (method, path, body) => {
    if (method === 'GET' && path === '/_emulator/health') {
      return ok({ status: 'ok', pid: process.pid, holders: holders.size });
    }
    if (method === 'PUT' && path === '/_emulator/images') return putImage(images, body);
    return undefined;
  };
}

const ok = (value: unknown): Answer => json(200, value, 'application/json');

function putImage(images: Map<string, ImageSource>, body: string): Answer {
  try {
    const { ref, dir, python } = JSON.parse(body) as { ref?: unknown; dir?: unknown; python?: unknown };
    if (typeof ref !== 'string' || typeof dir !== 'string') throw new Error('an image is {"ref", "dir", "python"}');
    const source = imageSource(dir, typeof python === 'string' ? python : undefined);
    images.set(ref, source);
    return ok({ ref, ...source });
  } catch (error) {
    return json(400, { message: (error as Error).message }, 'application/json');
  }
}
