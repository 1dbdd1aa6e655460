// Load generator, started by one-address.alone.test.ts with its own limit of open files: opens many connections from one address.
import { connect, type Socket } from 'node:net';
import { argv, stdout } from 'node:process';

type Load = { port: number; polls: number; slow: number; keys: string[] };
const load = JSON.parse(argv[2] ?? '{}') as Load;

let held = 0;
let answered = 0;
let cut = 0;

function open(begin: (socket: Socket) => void, again: () => void): void {
  const socket = connect({ host: '127.0.0.1', port: load.port });
  let isOpen = false;
  socket.on('connect', () => {
    isOpen = true;
    held += 1;
    begin(socket);
  });
  socket.on('data', () => {
    answered += 1;
    // Ask again, as a hostile client does.
    setTimeout(() => begin(socket), 1_000 + Math.random() * 4_000);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    cut += 1;
    if (isOpen) held -= 1;
    // Reconnect slowly: the test is about held polls; a flood of new connections can only be stopped by a packet filter.
    setTimeout(again, 10_000 + Math.random() * 20_000);
  });
}

function poll(nth: number): void {
  const key = load.keys[nth % load.keys.length] ?? '';
  open(
    (socket) => {
      if (socket.writable)
        socket.write(
          `GET /api/session/${key}/status?after=1000000&wait=25 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        );
    },
    () => poll(nth),
  );
}

function dribble(): void {
  open((socket) => {
    socket.write('GET /api/health HTTP/1.1\r\nHost: localhost\r\nX: ');
    const timer = setInterval(() => socket.write('x'), 1_000);
    socket.once('close', () => clearInterval(timer));
  }, dribble);
}

/** Opens 200 connections at a time, so that the queue of the listening socket does not overflow. */
let begun = 0;
const starter = setInterval(() => {
  for (let room = 200; room > 0 && begun < load.polls; room -= 1, begun += 1) poll(begun);
  if (begun >= load.polls) {
    clearInterval(starter);
    for (let nth = 0; nth < load.slow; nth += 1) dribble();
    setTimeout(() => stdout.write('begun\n'), 1_000);
  }
}, 20);
setInterval(() => stdout.write(`${JSON.stringify({ held, answered, cut })}\n`), 500);
