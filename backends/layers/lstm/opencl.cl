kernel void lstm_cell(const long count, const long width, FLOATS(from_input), FLOATS(from_state), FLOATS(bias),
                      FLOATS(before), FLOATS(gates), FLOATS(c), VALUES(h)) {
  ELEMENT(at, count);
  START(from_input);
  START(from_state);
  START(bias);
  START(before);
  START(gates);
  START(c);
  const long column = at % width, first = at / width * 4 * width + column;
  float sums[4];
  for (int gate = 0; gate < 4; ++gate) {
    const long i = first + gate * width;
    sums[gate] = from_input[i] + from_state[i] + bias[gate * width + column];
  }
  const float i = sigmoid(sums[0]), f = sigmoid(sums[1]), g = tanh(sums[2]), o = sigmoid(sums[3]);
  gates[first] = i;
  gates[first + width] = f;
  gates[first + 2 * width] = g;
  gates[first + 3 * width] = o;
  const float state = f * before[at] + i * g;
  c[at] = state;
  SET(h, at, o * tanh(state));
}

kernel void lstm_cell_gradient(const long count, const long width, FLOATS(dh_above), FLOATS(dh_after),
                               FLOATS(dc_after), FLOATS(gates), FLOATS(before), FLOATS(c), VALUES(da),
                               FLOATS(dc_before)) {
  ELEMENT(at, count);
  START(dh_above);
  START(dh_after);
  START(dc_after);
  START(gates);
  START(before);
  START(c);
  START(dc_before);
  const long first = at / width * 4 * width + at % width;
  const float i = gates[first], f = gates[first + width], g = gates[first + 2 * width], o = gates[first + 3 * width];
  const float dh = dh_above[at] + dh_after[at], squashed = tanh(c[at]);
  const float dc = dc_after[at] + dh * o * (1 - squashed * squashed);
  SET(da, first, dc * g * i * (1 - i));
  SET(da, first + width, dc * before[at] * f * (1 - f));
  SET(da, first + 2 * width, dc * i * (1 - g * g));
  SET(da, first + 3 * width, dh * squashed * o * (1 - o));
  dc_before[at] = dc * f;
}
