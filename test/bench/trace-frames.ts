/** What a trace of Chromium says about frames and long tasks. Pure. Format: Trace Event Format, JSON object form. */

export interface Frames {
  readonly framesEachSecond: number;
  readonly longestTaskMs: number;
  /** The processor time of the longest, without waiting for a busy machine. */
  readonly longestOwnMs: number;
  /** Tasks of the page's main thread over 50 ms (W3C Long Tasks). */
  readonly longTasks: number;
}

const LONG_TASK_MS = 50;

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly dur?: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

export function framesOf(json: string, seconds: number): Frames {
  const { traceEvents }: { readonly traceEvents: readonly TraceEvent[] } = JSON.parse(json);
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(({ name, pid, tid }) => name === 'RunTask' && mains.has(`${pid} ${tid}`));
  const tasksMs = tasks.map(({ dur = 0 }) => dur / 1000);
  return {
    framesEachSecond: traceEvents.filter(({ name }) => name === 'DrawFrame').length / seconds,
    longestTaskMs: Math.max(0, ...tasksMs),
    longestOwnMs: Math.max(0, ...tasks.map(({ tdur = 0 }) => tdur / 1000)),
    longTasks: tasksMs.filter((ms) => ms > LONG_TASK_MS).length,
  };
}
