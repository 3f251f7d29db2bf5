// redis-commander, the web page: its server against the store, asked as its page asks.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, load, until } from './server.mjs';

const { Redis } = load('ioredis');

let server;
let db;
let page;
let url;
let home;
const timeout = 60000;

function freePort() {
  return new Promise((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

async function get(path) {
  const got = await fetch(`${url}/apiv2/${path}`);
  assert.equal(got.status, 200, path);
  return got.json();
}

const connection = () => `R:127.0.0.1:${server.port}:0`;

async function type(cmd) {
  const got = await fetch(`${url}/apiv2/exec/${connection()}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ cmd }),
  });
  return (await got.json()).data;
}

before(async () => {
  server = await Server.start();
  db = new Redis({ host: '127.0.0.1', port: server.port });
  home = mkdtempSync(join(tmpdir(), 'hansom-commander-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const program = join(process.env.HANSOM_CLIENTS_MODULES ?? '.', 'node_modules', 'redis-commander',
    'bin', 'redis-commander.js');
  page = spawn(process.execPath, [program, '--redis-host', '127.0.0.1', '--redis-port', server.port,
    '--address', '127.0.0.1', '--port', port, '--noload', '--nosave'].map(String),
  { stdio: 'ignore', env: { ...process.env, HOME: home } });
  await until(async () => {
    try {
      return await get('connection');
    } catch {
      return false;
    }
  }, 'redis-commander');
});
after(async () => {
  page.kill();
  db.disconnect();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

test('the tree shows keys of all types, and each opens', { timeout }, async () => {
  await db.set('rides:1', 'one');
  await db.hset('h', 'f', 'v');
  await db.rpush('l', 'a', 'b');
  await db.sadd('s', 'm');
  await db.zadd('z', 1.5, 'm');
  await db.xadd('x', '1-1', 'f', 'v');
  const { data: tree } = await get(`keystree/${connection()}/`);
  assert.deepEqual(tree.map((one) => [one.keyName, one.rel]).sort(), [
    ['h', 'hash'], ['l', 'list'], ['rides:', undefined], ['s', 'set'], ['x', 'stream'], ['z', 'zset']]);
  assert.deepEqual((await get(`keystree/${connection()}/rides:`)).data.map((one) => one.keyName),
    ['1']);
  assert.deepEqual((await get(`key/${connection()}/h`)).data, { f: 'v' });
  assert.equal((await get(`key/${connection()}/rides:1`)).value, 'one');
  for (const key of ['l', 's', 'z', 'x'])
    assert.equal((await get(`key/${connection()}/${key}`)).key, key);
});

test('the console runs commands, and the front page reads INFO', { timeout }, async () => {
  assert.equal(await type('set typed 5'), 'OK');
  assert.equal(await type('incr typed'), 6);
  assert.match(String(await type('lpush typed x')), /WRONGTYPE/);
  const { data: [{ info }] } = await get('server/info');
  const version = info.find((one) => one.key === 'Redis version');
  assert.equal(version.value, '7.0.15');
});
