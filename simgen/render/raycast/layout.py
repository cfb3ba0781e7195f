"""Where each number stands in the flat arrays that the kernels read.

numba compiles plain arrays fastest and to the fastest code, so a body, a light or a camera is a row of float64 and the
names below are its columns. Vectors take three columns, in the order x, y, z.
"""

from __future__ import annotations

# --- kinds of solid (the order of `simgen.scene.spec.ShapeKind`)
SPHERE, BOX, CYLINDER, CAPSULE, CONE, TUBE, MESH = 0, 1, 2, 3, 4, 5, 6

# --- solids: float64 (N, SOLID). Filled per frame by `place`
CENTRE = 0  # centre of mass, world
TURN = 3  # rotation body → world, row by row
SIZE = 12  # see `solids`: what each kind keeps here
HALF = 15  # half edges of the bounding box, body axes
MIDDLE = 18  # its middle, body frame
REACH = 21  # radius of the bounding sphere about the middle
WORLD_MIDDLE = 22  # the middle, world
ORIGIN = 25  # camera rays in the body frame: origin at pixel coordinates (0, 0) …
ORIGIN_U = 28  # … its change per pixel to the right …
ORIGIN_V = 31  # … and down (both 0 in perspective)
RAY = (
    34  # direction at (0, 0), of unit length along the camera axis, so that the ray's parameter is the depth
)
RAY_U = 37
RAY_V = 40
RECT = 43  # u0, v0, u1, v1: what the body can touch in the picture; u0 > u1 when nothing
SOLID = 48

# --- solids: int32 (N, TAG)
KIND = 0
NODE = 1  # mesh: its root in the array of nodes
CONVEX = 2  # 1: no point of it can shade another that faces the light
LABEL = 3  # its value in the segmentation: index in the scene + 1
MOVES = 4  # 1: its pose changes in the clip
TAG = 6

# --- looks: float64 (N, LOOK)
COLOUR = 0  # linear light
SECOND = 3  # the texture's colour, linear light
TEXTURE = 6
TEXTURE_SIZE = 7
SPECULAR = 8
ALPHA = 9  # roughness squared, the α of the GGX distribution
LOOK = 10
PLAIN, CHECKER, STRIPES, WOOD, NOISE, BRUSHED = 0, 1, 2, 3, 4, 5

# --- lights: float64 (L, LIGHT)
POINT = 0  # 1: a point light, 0: directional
TOWARDS = 1  # unit vector to the light (directional)
PLACE = 4  # where it is (point)
POWER = 7  # linear colour × intensity
SPREAD = 10  # half-angle (directional, radians) or size (point, metres)
LIGHT = 11

# --- surroundings: float64 (SURROUNDINGS,)
AMBIENT = 0
HORIZON = 3
ZENITH = 6
UNLIT = 9
HAZE = 10  # distance at which the horizon's colour begins to swallow surfaces, metres
OCCLUSION = 11  # reach of ambient occlusion, metres; 0: none
SURROUNDINGS = 12

# --- camera: float64 (T or 1, CAMERA)
VIEW = 0  # world → camera rotation, row by row
EYE = 9
FOCAL = 12  # pixels (perspective) or pixels per metre (orthographic)
FLAT = 13  # 1: orthographic
NEAR = 14
FAR = 15
CAMERA = 16

TILE = 8  # edge of a tile, pixels
SAMPLES = 3  # anti-aliasing takes SAMPLES × SAMPLES rays
ROOM = TILE * TILE * SAMPLES * SAMPLES  # rays that are followed together at most

# --- rays that are followed together: flat float64 (TRACK,) and int32 (MARK,). A row's name is where it starts, so that
# the compiler sees rows at constant distances, knows that they do not overlap, and works on several rays at once.
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
T_FILL = 24 * ROOM  # how much of the light from everywhere arrives
T_OPEN = 25 * ROOM  # how much of the light under work arrives
T_SUM = 26 * ROOM  # diffuse light, three rows
T_SHINE = 29 * ROOM  # highlights, three rows
TRACK = 32 * ROOM
M_BODY = 0 * ROOM  # row of the solid, -1 for nothing
M_FACE = 1 * ROOM  # see `solids.surface`
M_SHADE = 2 * ROOM  # bit l: light l is hidden
MARK = 3 * ROOM
