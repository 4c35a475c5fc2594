kernel void embedding(const long count, const long length, const long width, INTEGERS(tokens), FLOATS(table),
                      FLOATS(positions), FLOATS(y)) {
  ELEMENT(i, count);
  START(tokens);
  START(table);
  START(positions);
  START(y);
  const long row = i / width, column = i % width;
  y[i] = table[tokens[row] * width + column] + positions[row % length * width + column];
}

kernel void zero(const long count, FLOATS(values)) {
  ELEMENT(i, count);
  START(values);
  values[i] = 0;
}

// One work item per column visits all tokens, so that the gradients of equal tokens are added in their order.
kernel void embedding_table_gradient(const long width, const long rows, INTEGERS(tokens), FLOATS(dy), FLOATS(dtable)) {
  ELEMENT(column, width);
  START(tokens);
  START(dy);
  START(dtable);
  for (long row = 0; row < rows; ++row) dtable[tokens[row] * width + column] += dy[row * width + column];
}

kernel void embedding_position_gradient(const long count, const long batch, FLOATS(dy), FLOATS(dpositions)) {
  ELEMENT(i, count);
  START(dy);
  START(dpositions);
  float sum = 0;
  for (long b = 0; b < batch; ++b) sum += dy[b * count + i];
  dpositions[i] = sum;
}
