kernel void add(const long count, VALUES(a), VALUES(b), VALUES(sum)) {
  ELEMENT(i, count);
  SET(sum, i, GET(a, i) + GET(b, i));
}
