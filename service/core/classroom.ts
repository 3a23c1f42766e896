/** The class as the bus and the command line see it: the daemon implements this, `bus/` exports it. */
import type { LaptopInfo } from '../api/model.ts';

export interface Classroom {
  /** Everyone who was heard of, in no order. */
  laptops(): readonly LaptopInfo[];
  /** Called with each laptop that changed, after `laptops()` did. */
  onLaptop(listener: (laptop: LaptopInfo) => void): void;
  /**
   * Keeps a signed order and hands it on.
   * @throws RippleError `SignatureInvalid`, `OrderRefused` (another image, an older epoch, a version nobody signed), …
   */
  publishOrder(bytes: Uint8Array): Promise<void>;
}
