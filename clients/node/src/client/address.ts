// Where the till is.

const ADDRESS_DEFAULT = 'unix:///run/tillhal/api.sock';
/** unix(7): sun_path holds 108 bytes, the last of them zero. */
const UNIX_PATH_BYTES_MAX = 107;
const PORT_MAX = 65535;

/**
 * The gRPC target for `address`, for $TILLHAL_ADDRESS without one, else for the usual socket.
 *
 * Takes "unix:///run/tillhal/api.sock", "unix:relative.sock", "/run/tillhal/api.sock",
 * "127.0.0.1:50051", "[::1]:50051" and "till.example:50051". Throws RangeError for anything else.
 */
export function targetOf(address?: string): string {
  let chosen = (address || process.env['TILLHAL_ADDRESS'] || ADDRESS_DEFAULT).trim();
  if (chosen.startsWith('/')) chosen = `unix:${chosen}`;
  if (chosen.startsWith('unix:')) return unixTarget(chosen);
  const colon = chosen.lastIndexOf(':');
  const port = chosen.slice(colon + 1);
  if (colon < 1 || chosen.includes('/') || !/^[0-9]{1,5}$/.test(port) || Number(port) > PORT_MAX) {
    throw new RangeError(
      `address ${chosen} is neither a unix socket (unix:///run/tillhal/api.sock) ` +
        'nor host:port (127.0.0.1:50051)',
    );
  }
  return chosen;
}

function unixTarget(address: string): string {
  let path = address.slice('unix:'.length);
  if (path.startsWith('//')) {
    path = path.slice(2);
    if (!path.startsWith('/')) {
      throw new RangeError(`address ${address}: write unix:///absolute/path or unix:relative/path`);
    }
  }
  if (!path) throw new RangeError(`address ${address} names no socket`);
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new RangeError(`address ${address}: the path is longer than ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return `unix:${path}`;
}
