import { VECTOR } from './tiles';

/** T1 … T4 (see `strassen-i8`) of two panels' weights in lanes of T, one after the other, `bytes` each. */
export function sumWeights<T>(to: usize, left: usize, right: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += VECTOR) {
    const b12 = v128.load(right + at);
    const b22 = v128.load(right + bytes + at);
    const t1 = v128.sub<T>(b12, v128.load(left + at));
    const t2 = v128.sub<T>(b22, t1);
    v128.store(to + at, t1);
    v128.store(to + bytes + at, t2);
    v128.store(to + 2 * bytes + at, v128.sub<T>(b22, b12));
    v128.store(to + 3 * bytes + at, v128.sub<T>(v128.load(left + bytes + at), t2));
  }
}
