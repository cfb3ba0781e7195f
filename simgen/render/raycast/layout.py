"""Where each number stands in the flat arrays that the kernels read.

numba compiles plain arrays fastest and to the fastest code, so a solid, a light or the world around them
is a row of float64 and the names below are its columns. Vectors take three columns, in the order x, y, z.
What is a whole number or a flag is stored as a float64, too: one array per thing keeps the calls between
kernels short.
"""

from __future__ import annotations

# --- solids: float64 (N, SOLID), one row per drawn body. First what changes with its pose and the camera, see
# `placing`
CENTRE = 0  # centre of mass, world
TURN = 3  # rotation body → world, row by row
POSE = 12
WORLD_MIDDLE = 12  # middle of the bounding box, world
ORIGIN = 15  # camera rays in the body frame: origin at pixel coordinates (0, 0) …
ORIGIN_U = 18  # … its change per pixel to the right …
ORIGIN_V = 21  # … and down (both 0 in perspective)
RAY = (
    24  # direction at (0, 0), of unit length along the camera axis, so that the ray's parameter is the depth
)
RAY_U = 27
RAY_V = 30
RECT = 33  # u0, v0, u1, v1: what the body can touch in the picture; u0 > u1 when nothing
SIZE = 37  # see `solids`: what each kind keeps here; from frame to frame only links change theirs
HALF = 40  # half edges of the bounding box, body axes
MIDDLE = 43  # its middle, body frame
REACH = 46  # radius of the bounding sphere about the middle
PLACED = 47
KIND = 47
ROOT = 48  # mesh: its first node, and the first one after it
ROOT_END = 49
CONVEX = 50  # 1: no point of it can shade another that faces the light
LABEL = 51  # its value in the segmentation: index in the scene + 1, links after all bodies
SHOWN = 52  # 1: drawn now
CHANGED = 53  # 1: it is not where it was in the frame before
MOVES = 54  # 1: its pose changes in the clip
MET = 55  # centre rays that meet it, in this frame's tiles
MET_MORE = 56  # other rays
ALONE = 57  # centre rays that meet it, whole picture
COLOUR = 58  # linear light
SECOND = 61  # the texture's colour, linear light
TEXTURE = 64
TEXTURE_SIZE = 65
SPECULAR = 66
ALPHA = 67  # roughness squared, the α of the GGX distribution
SOLID = 68

# kinds of solid (the order of `simgen.scene.spec.ShapeKind`, then what only a link can be) and of texture (the
# order in `simgen.scene.spec.Look`)
SPHERE, BOX, CYLINDER, CAPSULE, CONE, TUBE, MESH, COIL = 0, 1, 2, 3, 4, 5, 6, 7
PLAIN, CHECKER, STRIPES, WOOD, NOISE, BRUSHED = 0, 1, 2, 3, 4, 5

# --- lights: float64 (L, LIGHT)
POINT = 0  # 1: a point light, 0: directional
TOWARDS = 1  # unit vector to the light (directional)
PLACE = 4  # where it is (point)
POWER = 7  # linear colour × intensity
SPREAD = 10  # half-angle (directional, as a tangent) or size (point, metres); 0: hard shadows
LIGHT = 11

# --- the world around: float64 (WORLD,). First what a camera is, float64 (T or 1, CAMERA)
VIEW = 0  # world → camera rotation, row by row
EYE = 9
FOCAL = 12  # pixels (perspective) or pixels per metre (orthographic)
FLAT = 13  # 1: orthographic
NEAR = 14
FAR = 15
# camera rays in the world frame, as in a solid's row
W_ORIGIN, W_ORIGIN_U, W_ORIGIN_V, W_RAY, W_RAY_U, W_RAY_V = 16, 19, 22, 25, 28, 31
CAMERA = 34
AMBIENT = 34
HORIZON = 37
ZENITH = 40
UNLIT = 43
HAZE = 44  # distance at which the horizon's colour begins to swallow surfaces, metres
OCCLUSION = 45  # reach of ambient occlusion, metres; 0: none
SPOTS = 46  # samples of a soft light
WIDTH, HEIGHT = 47, 48  # pixels
BOUNDED = 49  # 1: keep the bounds of what tiles see
WORLD = 50

# --- lists of solids: int32 (LISTS + L, N + 1), each with its length first
NEARBY = 0  # what the rays of a tile can meet
CLOSE = 1  # what is within the reach of ambient occlusion
CASTERS = 2  # and following: what can come between light l and the points of a tile

# --- meshes: nodes float64 (K, NODE), corners float64 (F, CORNER), see `simgen.render.raycast.mesh`
NODE_LOW, NODE_HIGH, NODE_SKIP, NODE_FIRST, NODE_LAST, NODE = 0, 3, 6, 7, 8, 9
FIRST, EDGE_1, EDGE_2, NORMAL_0, NORMAL_1, NORMAL_2, GROUP, CORNER = 0, 3, 6, 9, 12, 15, 18, 19

# --- what a tile sees: float64 (BOUNDS,). Two boxes (low x y z, high x y z; low > high when empty): around the
# points on one solid, and around all others. A tile at an outline sees something near and something far
# away; one box around both would seem to be in the way of every shadow.
BOX_SOLID = 12  # the solid of the first box, -1 for none
EDGES = 13  # how many further rays its edges take
BOUNDS = 14

TILE = 8  # edge of a tile, pixels
SAMPLES = 3  # anti-aliasing takes SAMPLES × SAMPLES rays
ROOM = TILE * TILE * SAMPLES * SAMPLES  # rays that are followed together at most

# --- rays that are followed together: flat float64 (TRACK,) and int32 (MARK,). A row's name is where it
# starts, so that the compiler sees rows at constant distances, knows that they do not overlap, and works on
# several rays at once.
T_U, T_V, T_DEPTH = 0 * ROOM, 1 * ROOM, 2 * ROOM
T_X, T_Y, T_Z = 3 * ROOM, 4 * ROOM, 5 * ROOM  # the point, world
T_NX, T_NY, T_NZ = 6 * ROOM, 7 * ROOM, 8 * ROOM  # the normal, world, towards the camera
T_OX, T_OY, T_OZ = 9 * ROOM, 10 * ROOM, 11 * ROOM  # the point in the body's frame
T_MX, T_MY, T_MZ = 12 * ROOM, 13 * ROOM, 14 * ROOM  # the normal in the body's frame
T_VX, T_VY, T_VZ = 15 * ROOM, 16 * ROOM, 17 * ROOM  # unit vector to the camera
T_FAR = 18 * ROOM  # distance from the camera
T_RED, T_GREEN, T_BLUE = (
    19 * ROOM,
    20 * ROOM,
    21 * ROOM,
)  # first the surface's own colour, in the end what is seen
T_SPECULAR, T_ALPHA = 22 * ROOM, 23 * ROOM
T_SUM_R, T_SUM_G, T_SUM_B = 24 * ROOM, 25 * ROOM, 26 * ROOM  # diffuse light
T_SHINE_R, T_SHINE_G, T_SHINE_B = 27 * ROOM, 28 * ROOM, 29 * ROOM  # highlights
T_AX, T_AY, T_AZ = T_SUM_R, T_SUM_G, T_SUM_B  # before light is added: what a pixel spans, see `textures`
T_BX, T_BY, T_BZ = T_SHINE_R, T_SHINE_G, T_SHINE_B
T_OPEN = 30 * ROOM  # 1 when nothing is in the way of the sample under work
T_PART, T_SPAN = (
    T_OPEN,
    31 * ROOM,
)  # before light is added: how much of the second colour shows; a pixel's width
T_LIT, T_WEIGHT = 31 * ROOM, 32 * ROOM  # sums of it over samples, and of the samples' weights
# of the rays that `rays.meet` follows: where they begin, how far they go, where they meet the solid
T_START, T_WAY, T_HIT = 33 * ROOM, 34 * ROOM, 35 * ROOM
TRACK = 36 * ROOM
M_BODY = 0 * ROOM  # row of the solid, -1 for nothing
M_FACE = 1 * ROOM  # see `solids.surface`; a mesh's triangle until `locate` has put its face there
M_SHADE = 2 * ROOM  # bit l: light l is hidden, at least in part
M_TRIANGLE = 3 * ROOM  # of the mesh that the ray meets at T_HIT
MARK = 4 * ROOM
