// BullMQ, whose every step is a Lua script of its own over lists, sorted sets, hashes and streams.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, load, until } from './server.mjs';

const { FlowProducer, Queue, QueueEvents, Worker } = load('bullmq');

let server;
const open = [];
const timeout = 90000;

const connection = () => ({ host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null });

function keep(thing) {
  thing.on('error', () => {}); // what a test expects it checks itself
  open.push(thing);
  return thing;
}

const queue = (name) => keep(new Queue(name, { connection: connection() }));
const worker = (name, work, options = {}) => keep(
  new Worker(name, work, { connection: connection(), drainDelay: 1, ...options }),
);

before(async () => { server = await Server.start(); });
after(async () => {
  await Promise.all(open.map((one) => one.close()));
  await server.stop();
});

test('jobs are done once each, in the order of their priority', { timeout }, async () => {
  const q = queue('plain');
  await q.addBulk(Array.from({ length: 200 }, (_, i) => (
    { name: 'job', data: { i }, opts: { priority: 1 + (i % 3) } })));
  assert.equal(await q.getJobCountByTypes('prioritized'), 200);
  const done = [];
  worker('plain', async (job) => { done.push(job.data.i); return job.data.i * 2; });
  await until(async () => await q.getCompletedCount() === 200, 'all jobs');
  assert.equal(new Set(done).size, 200);
  assert.deepEqual(done.map((i) => i % 3), [...done.map((i) => i % 3)].sort());
  const [last] = await q.getCompleted(0, 0);
  assert.equal(last.returnvalue, last.data.i * 2);
});

test('failing jobs come again after their backoff, and then fail', { timeout }, async () => {
  const q = queue('retries');
  const seen = {};
  worker('retries', async (job) => {
    seen[job.name] = (seen[job.name] ?? 0) + 1;
    if (job.name === 'never' || seen[job.name] < 3) throw new Error('not yet');
    return 'at last';
  });
  await q.add('third', {}, { attempts: 3, backoff: { type: 'fixed', delay: 20 } });
  await q.add('never', {}, { attempts: 2, backoff: { type: 'exponential', delay: 20 } });
  await until(async () => await q.getCompletedCount() === 1 && await q.getFailedCount() === 1, 'both');
  assert.deepEqual(seen, { third: 3, never: 2 });
  const [failed] = await q.getFailed();
  assert.equal(failed.failedReason, 'not yet');
  await failed.retry();
  await until(() => seen.never === 3, 'the retry');
});

test('delayed jobs wait, events tell of all, and a scheduler repeats', { timeout }, async () => {
  const q = queue('later');
  const events = keep(new QueueEvents('later', { connection: connection() }));
  const told = [];
  events.on('completed', ({ jobId }) => told.push(jobId));
  await events.waitUntilReady();
  worker('later', async () => 'done');
  const job = await q.add('soon', {}, { delay: 50 });
  assert.equal(await job.waitUntilFinished(events, 30000), 'done');
  await until(() => told.includes(job.id), 'the event');
  await q.upsertJobScheduler('tick', { every: 30 }, { name: 'tick' });
  await until(async () => await q.getCompletedCount() >= 4, 'repeated jobs');
  assert.equal(await q.removeJobScheduler('tick'), true);
});

test('a parent waits for its children', { timeout }, async () => {
  const flows = keep(new FlowProducer({ connection: connection() }));
  worker('leaves', async (job) => job.data.n);
  const sums = [];
  worker('trees', async (job) => {
    const values = Object.values(await job.getChildrenValues());
    sums.push(values.reduce((a, b) => a + b, 0));
  });
  await flows.add({
    name: 'sum', queueName: 'trees',
    children: [1, 2, 3].map((n) => ({ name: 'leaf', queueName: 'leaves', data: { n } })),
  });
  await until(() => sums.length === 1, 'the parent');
  assert.deepEqual(sums, [6]);
});

test('a paused queue rests; cleaning and obliterating leave no job', { timeout }, async () => {
  const q = queue('rests');
  await q.pause();
  await q.addBulk(Array.from({ length: 20 }, () => ({ name: 'x', data: {} })));
  const w = worker('rests', async () => {}, { limiter: { max: 5, duration: 50 } });
  await w.waitUntilReady();
  assert.equal(await q.getCompletedCount(), 0);
  assert.equal(await q.isPaused(), true);
  await q.resume();
  await until(async () => await q.getCompletedCount() === 20, 'the jobs');
  assert.equal((await q.clean(0, 100, 'completed')).length, 20);
  await q.obliterate({ force: true });
  assert.equal(Object.values(await q.getJobCounts()).reduce((a, b) => a + b, 0), 0);
});
