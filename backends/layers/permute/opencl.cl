// Of y's axes: their extents, and the distances in x of one step along them.
typedef struct {
  long extent[5], step[5];
} axes_t;

kernel void permute(const long count, const axes_t axes, VALUES(x), VALUES(y)) {
  ELEMENT(i, count);
  long rest = i, from = 0;
  for (int axis = 4; axis >= 0; --axis) {
    from += rest % axes.extent[axis] * axes.step[axis];
    rest /= axes.extent[axis];
  }
  SET(y, i, GET(x, from));
}
