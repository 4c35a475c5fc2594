// Times a model in onnxruntime-node. Standard input: a request as JSON; standard output: the times as JSON.
// ci/compare-onnxruntime runs it.
const ort = require('onnxruntime-node');

const arrays = {float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array,
                int8: Int8Array, uint8: Uint8Array, bool: Uint8Array};

// Open dimensions by name, or "input.0" where they have none, as `whygpu network` calls them.
function extents(input, request) {
  return input.shape.map((extent, index) => {
    if (typeof extent === 'number' && extent > 0) return extent;
    const name = typeof extent === 'string' && extent !== '' ? extent : `${input.name}.${index}`;
    if (name in request.dims) return request.dims[name];
    if (index === 0 || /batch|^(n|b|bs)$/i.test(name)) return request.batch || 1;
    throw new Error(`dimension ${name} is open: add --dim ${name}=N`);
  });
}

function tensor(input, request) {
  const Values = arrays[input.type];
  if (!Values) throw new Error(`input ${input.name}: type ${input.type} is not supported here`);
  const dims = extents(input, request);
  const values = new Values(dims.reduce((a, b) => a * b, 1));
  const given = request.values[input.name];
  for (let i = 0; i < values.length; ++i) {
    const value = given ?? (input.type.startsWith('float') ? 2 * Math.random() - 1 : 1);
    values[i] = input.type === 'int64' ? BigInt(value) : value;
  }
  return new ort.Tensor(input.type, values, dims);
}

async function main() {
  const request = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const session = await ort.InferenceSession.create(request.model, {
    executionProviders: ['cpu'], intraOpNumThreads: request.threads, interOpNumThreads: 1,
    executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 3,
  });
  const feeds = {};
  for (const input of session.inputMetadata) feeds[input.name] = tensor(input, request);
  const wall = [], cpu = [];
  for (let i = 0; i < 5; ++i) await session.run(feeds);
  const end = Date.now() + 1000 * request.seconds;
  while (wall.length < 5 || Date.now() < end) {
    const before = process.cpuUsage(), start = process.hrtime.bigint();
    await session.run(feeds);
    wall.push(Number(process.hrtime.bigint() - start) / 1e9);
    const used = process.cpuUsage(before);
    cpu.push((used.user + used.system) / 1e6);
  }
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log(JSON.stringify({version: ort.env.versions.node, runs: wall.length, seconds: median(wall), fastest: wall[0],
                              cpu: median(cpu)}));
}

main().catch((error) => {
  console.error(String(error.message ?? error).split('\n')[0]);
  process.exit(1);
});
