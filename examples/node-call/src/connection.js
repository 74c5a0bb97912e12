/** The way to a sidecar: its service out of the proto, over a Unix socket or TCP with mutual TLS. */

import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { refusalOf } from './refusal.js';

const PROTOS = fileURLToPath(new URL('../../../protos', import.meta.url));
const READING = {
  includeDirs: [PROTOS],
  keepCase: true, // names as in the proto
  longs: String, // a number of JavaScript does not hold 64 bits
  enums: String,
  defaults: true,
  oneofs: true,
};
const OPTIONS = {
  // Without it no answer may be longer than 4 MiB.
  'grpc.max_receive_message_length': 67_108_864,
  // A worker that died is there again within a second or two; gRPC would wait longer and longer.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

/** @typedef {import('@grpc/grpc-js').Client & Record<string, Function>} Sidecar */

/**
 * Connect over the caller's socket; who may enter its folder is the caller.
 * @param {string} socket such as `/run/sealgate/case-system/worker-0.sock`
 */
export function connectSocket(socket) {
  return connect(`unix:${resolve(socket)}`, credentials.createInsecure());
}

/**
 * Connect over TCP; who holds the certificate is the caller.
 * @param {string} address host and port; the server's certificate must name the host
 * @param {string} folder as `sealgate certs client` makes it
 */
export async function connectTcp(address, folder) {
  const [ca, key, certificate] = await Promise.all(
    ['ca.crt', 'client.key', 'client.crt'].map((name) => readFile(join(folder, name))),
  );
  return connect(address, credentials.createSsl(ca, key, certificate));
}

/**
 * @param {string} target
 * @param {import('@grpc/grpc-js').ChannelCredentials} channelCredentials
 * @returns {Sidecar}
 */
function connect(target, channelCredentials) {
  const definition = loadSync('gateway/v1/sidecar.proto', READING);
  const { gateway } = /** @type {any} */ (loadPackageDefinition(definition));
  return new gateway.v1.Sidecar(target, channelCredentials, OPTIONS);
}

/**
 * Make a call with one request and one answer.
 * @param {Sidecar} sidecar
 * @param {string} method
 * @param {object} request
 * @param {number} deadline Unix milliseconds; the sidecar stops working for us then, too
 * @returns {Promise<any>}
 */
export function ask(sidecar, method, request, deadline) {
  return new Promise((resolve, reject) => {
    const answered = (/** @type {any} */ error, /** @type {any} */ answer) =>
      error ? reject(refusalOf(error)) : resolve(answer);
    sidecar[method](request, { deadline }, answered);
  });
}
