// dbus-next declares types for its main module only; these are the parts of its codec that wire.ts builds on.
declare module 'dbus-next/lib/signature.js' {
  export interface SignatureNode {
    readonly type: string;
    readonly child: readonly SignatureNode[];
  }
  const signature: {
    parseSignature(signature: string): SignatureNode[];
    collapseSignature(node: SignatureNode): string;
  };
  export default signature;
}

declare module 'dbus-next/lib/message.js' {
  const message: { marshall(message: object): [Buffer, unknown[]] };
  export default message;
}

declare module 'dbus-next/lib/dbus-buffer.js' {
  class DBusBuffer {
    constructor(buffer: Buffer, startPos: number, endian: number, fds: undefined, options: object);
    readonly pos: number;
    align(power: number): void;
    read(signature: string): unknown[];
    readArray(element: object, byteLength: number): unknown[];
  }
  export default DBusBuffer;
}

declare module 'dbus-next/lib/handshake.js' {
  export default function handshake(
    stream: import('node:net').Socket,
    options: { authMethods: string[] },
    callback: (error: unknown, guid?: string) => void,
  ): void;
}
