// The part of Tauri's global object that the window uses.

export interface Tauri {
  core: { invoke(command: string, args?: Record<string, unknown>): Promise<unknown> };
  event: { listen(event: string, handler: (event: { payload: unknown }) => void): Promise<() => void> };
}

declare global {
  interface Window {
    __TAURI__?: Tauri;
  }
}
