// Builds dist/ from src/ and from the repository's own contract. Nothing of the contract is copied
// into src/ by hand: types come from proto/ (into src/gen), and dist/ gets the .proto files that the
// client loads when it runs, with the retry policy that all clients share.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const proto = join(here, '..', '..', 'proto');
const run = (name, args, options = {}) => {
  const { status } = spawnSync(join(here, 'node_modules', '.bin', name), args, options);
  if (status !== 0) process.exit(1); // it has said why
};
const contract = readdirSync(join(proto, 'tillhal', 'v1')).filter((name) => name.endsWith('.proto'));

for (const made of ['dist', 'src/gen']) rmSync(join(here, made), { recursive: true, force: true });
run(
  'proto-loader-gen-types',
  [
    '--keepCase', '--longs=String', '--enums=String', '--defaults', '--oneofs',
    '--grpcLib=@grpc/grpc-js', '--importFileExtension=.js',
    '--includeDirs=.', `--outDir=${join(here, 'src', 'gen')}`,
    ...contract.map((name) => `tillhal/v1/${name}`),
  ],
  { cwd: proto, stdio: ['ignore', 'ignore', 'inherit'] },
);
// A file each for the classes of grpc-js, which this client does not use; the messages' types stay.
for (const name of contract) rmSync(join(here, 'src', 'gen', name.replace('.proto', '.ts')));
run('tsc', ['--project', here], { stdio: 'inherit' });
cpSync(join(proto, 'tillhal'), join(here, 'dist', 'proto', 'tillhal'), { recursive: true });
copyFileSync(
  join(here, '..', 'python', 'tillhal', 'service_config.json'),
  join(here, 'dist', 'service_config.json'),
);
