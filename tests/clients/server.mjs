// One store for a Node client to connect to: hansom-store, or redis-server as the control.
//
// HANSOM_CLIENTS_SERVER names the program; both take the same flags. With HANSOM_MODULE redis-server loads
// the families as a module. It listens on a free port of loopback and on a Unix socket, keeps a durable log in a folder of its own (so that kill() loses
// nothing), and is ended by its own process id.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PROGRAM = process.env.HANSOM_CLIENTS_SERVER ?? 'redis-server';
const MODULE = process.env.HANSOM_MODULE;
// Under sanitizers everything takes its time.
const PATIENCE_MS = 30000;

/** Polls until condition() gives something true, and returns that. */
export async function until(condition, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const got = await condition();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(10);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/** Whether somebody answers PING at the port; while a store loads its log it says LOADING. */
function answers(port, flags) {
  const at = flags.indexOf('--requirepass');
  const auth = at < 0 ? '' : `AUTH ${flags[at + 1]}\r\n`;
  return new Promise((resolve) => {
    let said = '';
    const s = connect(port, '127.0.0.1', () => s.write(`${auth}PING\r\nQUIT\r\n`));
    s.setTimeout(5000, () => s.destroy());
    s.on('data', (data) => { said += data; });
    s.on('error', () => resolve(false));
    s.on('close', () => resolve(said.includes('+PONG')));
  });
}

export class Server {
  static async start(...flags) {
    const server = new Server();
    server.flags = MODULE ? [...flags, '--loadmodule', MODULE] : flags;
    server.dir = mkdtempSync(join(tmpdir(), 'hansom-clients-'));
    server.path = join(server.dir, 's');
    server.port = await freePort();
    await server.again();
    return server;
  }

  /** Starts it, also after kill(). */
  async again() {
    const out = openSync(join(this.dir, 'out'), 'a');
    this.process = spawn(PROGRAM, [
      '--port', this.port, '--bind', '127.0.0.1', '--unixsocket', this.path, '--dir', this.dir,
      '--save', '', '--appendonly', 'yes', '--appendfsync', 'always', ...this.flags,
    ].map(String), { stdio: ['ignore', out, out] });
    closeSync(out);
    const { process: started } = this;
    this.ended = new Promise((resolve, reject) => {
      started.on('exit', (code, signal) => resolve(code ?? signal));
      started.on('error', reject);
    });
    await until(() => {
      if (started.exitCode !== null) throw new Error(`the store has ended: ${this.output()}`);
      return answers(this.port, this.flags);
    }, 'the store');
  }

  output() {
    return readFileSync(join(this.dir, 'out'), 'utf8').slice(-4000);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.process.kill('SIGTERM');
    const ended = await this.ended;
    // A sanitizer's finding at exit is a failure of the test that provoked it.
    if (ended !== 0) throw new Error(`the store ended with ${ended}: ${this.output()}`);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A package out of the folder that run_node.py has installed. */
export function load(name) {
  return createRequire(join(process.env.HANSOM_CLIENTS_MODULES ?? '.', 'package.json'))(name);
}

/** A store, and a node-redis client of it with these options: what a describe()'s before() needs. */
export async function nodeRedis(options = {}, ...flags) {
  const server = await Server.start(...flags);
  const db = load('redis').createClient({ ...options, socket: { port: server.port, host: '127.0.0.1' } });
  db.on('error', () => {});
  await db.connect();
  return { server, db };
}

/** Replies as plain objects: node-redis makes some without a prototype. */
export const plain = (value) => JSON.parse(JSON.stringify(value));
