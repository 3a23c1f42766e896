/** Suffix array of `text` (values below `limit`), by induced sorting (Nong, Zhang and Chan, 2009); 4 bytes a suffix and working space. */
export function suffixArray(text: Uint8Array | Int32Array, limit: number): Int32Array {
  const n = text.length;
  const array = new Int32Array(n);
  if (n < 2) return array;
  const small = new Uint8Array(n);
  for (let i = n - 2; i >= 0; i--) {
    const a = text[i] ?? 0;
    const b = text[i + 1] ?? 0;
    small[i] = a === b ? (small[i + 1] ?? 0) : a < b ? 1 : 0;
  }
  const startLarge = new Int32Array(limit + 1);
  const startSmall = new Int32Array(limit + 1);
  for (let i = 0; i < n; i++) {
    const c = text[i] ?? 0;
    if (small[i] === 0) startSmall[c] = (startSmall[c] ?? 0) + 1;
    else startLarge[c + 1] = (startLarge[c + 1] ?? 0) + 1;
  }
  for (let c = 0; c <= limit; c++) {
    startSmall[c] = (startSmall[c] ?? 0) + (startLarge[c] ?? 0);
    if (c < limit) startLarge[c + 1] = (startLarge[c + 1] ?? 0) + (startSmall[c] ?? 0);
  }
  const cursor = new Int32Array(limit + 1);
  const induce = (seeds: Int32Array): void => {
    array.fill(-1);
    cursor.set(startSmall);
    for (let i = 0; i < seeds.length; i++) {
      const at = seeds[i] ?? 0;
      const c = text[at] ?? 0;
      const slot = cursor[c] ?? 0;
      cursor[c] = slot + 1;
      array[slot] = at;
    }
    cursor.set(startLarge);
    const lastChar = text[n - 1] ?? 0;
    const lastSlot = cursor[lastChar] ?? 0;
    cursor[lastChar] = lastSlot + 1;
    array[lastSlot] = n - 1;
    for (let i = 0; i < n; i++) {
      const before = (array[i] ?? 0) - 1;
      if (before < 0 || small[before] !== 0) continue;
      const c = text[before] ?? 0;
      const slot = cursor[c] ?? 0;
      cursor[c] = slot + 1;
      array[slot] = before;
    }
    cursor.set(startLarge);
    for (let i = n - 1; i >= 0; i--) {
      const before = (array[i] ?? 0) - 1;
      if (before < 0 || small[before] === 0) continue;
      const c = text[before] ?? 0;
      const slot = (cursor[c + 1] ?? 0) - 1;
      cursor[c + 1] = slot;
      array[slot] = before;
    }
  };
  let count = 0;
  for (let i = 1; i < n; i++) if (small[i - 1] === 0 && small[i] !== 0) count++;
  const seeds = new Int32Array(count);
  const rank = new Int32Array(n).fill(-1);
  for (let i = 1, k = 0; i < n; i++) {
    if (small[i - 1] !== 0 || small[i] === 0) continue;
    rank[i] = k;
    seeds[k++] = i;
  }
  induce(seeds);
  if (count === 0) return array;
  const sorted = new Int32Array(count);
  for (let i = 0, k = 0; i < n; i++) {
    const at = array[i] ?? 0;
    if ((rank[at] ?? -1) >= 0) sorted[k++] = at;
  }
  const reduced = new Int32Array(count);
  let names = 0;
  for (let i = 1; i < count; i++) {
    const left = sorted[i - 1] ?? 0;
    const right = sorted[i] ?? 0;
    const leftEnd = seeds[(rank[left] ?? 0) + 1] ?? n;
    const rightEnd = seeds[(rank[right] ?? 0) + 1] ?? n;
    let same = leftEnd - left === rightEnd - right;
    if (same) {
      let l = left;
      let r = right;
      while (l < leftEnd && text[l] === text[r]) {
        l++;
        r++;
      }
      same = l < n && r < n && l >= leftEnd && text[l] === text[r];
    }
    if (!same) names++;
    reduced[rank[right] ?? 0] = names;
  }
  const order = names + 1 === count ? undefined : suffixArray(reduced, names);
  if (order) for (let i = 0; i < count; i++) sorted[i] = seeds[order[i] ?? 0] ?? 0;
  induce(sorted);
  return array;
}
