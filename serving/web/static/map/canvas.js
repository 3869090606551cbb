/** The points of the map, drawn by WebGL 2 as one draw call from one vertex buffer. */
import { MOST_POINTS } from "./points.js";

const STRIDE = 16; // x, y as floats; red, green, blue, lit as bytes; size as a byte, three unused
const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 color;
layout(location = 2) in float size;
uniform vec2 center;
uniform vec2 scale;
uniform float pixels;
uniform float pass; // 0: all; 1: those that are not lit; 2: the lit ones
uniform float dimmed;
out vec4 tint;
out float radius;
void main() {
  bool hidden = (pass == 1.0 && color.a > 0.5) || (pass == 2.0 && color.a < 0.5);
  gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((place - center) * scale, 0.0, 1.0);
  gl_PointSize = max(1.5, pixels * (0.72 + 0.9 * size)) + 1.0;
  radius = gl_PointSize / 2.0;
  tint = vec4(color.rgb, pass == 1.0 ? dimmed : 0.88);
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 tint;
in float radius;
out vec4 result;
void main() {
  float edge = radius * (1.0 - length(gl_PointCoord * 2.0 - 1.0));
  float alpha = tint.a * clamp(edge, 0.0, 1.0);
  if (alpha == 0.0) discard;
  result = vec4(tint.rgb * alpha, alpha);
}`;

/** Draws points. Popular points are drawn last, so that they are on top; the buffer is filled from its end. */
export class Canvas {
  /** `onRestore` is called when the browser has given the graphics context back. Throws if there is no WebGL 2. */
  constructor(canvas, onRestore) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false, powerPreference: "high-performance" });
    if (!this.gl) throw new Error("This browser has no WebGL 2");
    this.vertices = new ArrayBuffer(MOST_POINTS * STRIDE);
    this.floats = new Float32Array(this.vertices);
    this.bytes = new Uint8Array(this.vertices);
    this.back = [1, 1, 1]; // the color behind the points
    this.count = 0;
    this.focused = false;
    this.#start();
    this.listeners = {
      webglcontextlost: (event) => event.preventDefault(), // asks for it back
      webglcontextrestored: () => {
        this.#start();
        this.#upload(0, this.count);
        onRestore();
      },
    };
    for (const [name, listener] of Object.entries(this.listeners)) canvas.addEventListener(name, listener);
  }

  #start() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    const names = ["center", "scale", "pixels", "pass", "dimmed"];
    this.uniforms = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, this.vertices.byteLength, gl.DYNAMIC_DRAW);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, STRIDE, 0);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, STRIDE, 8);
    gl.vertexAttribPointer(2, 1, gl.UNSIGNED_BYTE, true, STRIDE, 12);
    for (const location of [0, 1, 2]) gl.enableVertexAttribArray(location);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Write the points from number `from` on. `paint(num)` returns [red, green, blue], `lit(num)` whether it is in focus; null: all. */
  write(points, from, paint, lit) {
    this.focused = Boolean(lit);
    for (let num = from; num < points.count; num++) {
      const vertex = MOST_POINTS - 1 - num;
      const byte = vertex * STRIDE;
      this.floats[vertex * 4] = points.x[num];
      this.floats[vertex * 4 + 1] = points.y[num];
      const color = paint(num);
      this.bytes[byte + 8] = color[0];
      this.bytes[byte + 9] = color[1];
      this.bytes[byte + 10] = color[2];
      this.bytes[byte + 11] = !lit || lit(num) ? 255 : 0;
      this.bytes[byte + 12] = points.size[num];
    }
    this.count = points.count;
    this.#upload(from, this.count);
  }

  #upload(from, to) {
    const start = (MOST_POINTS - to) * STRIDE;
    const length = (to - from) * STRIDE;
    if (length > 0) this.gl.bufferSubData(this.gl.ARRAY_BUFFER, start, this.bytes, start, length);
  }

  /** Set the size of the drawing; does nothing if it is the same. */
  resize(width, height, ratio) {
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width === w && this.canvas.height === h) return;
    this.canvas.width = w;
    this.canvas.height = h;
    this.gl.viewport(0, 0, w, h);
  }

  /** Draw the `most` most popular points as a camera sees them. */
  draw(camera, ratio, most) {
    const { gl, uniforms } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...this.back, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.count || gl.isContextLost()) return;
    gl.uniform2f(uniforms.center, camera.x, camera.y);
    gl.uniform2f(uniforms.scale, (2 * camera.scale) / camera.width, (2 * camera.scale) / camera.height);
    gl.uniform1f(uniforms.pixels, ratio * diameter(camera, this.count));
    gl.uniform1f(uniforms.dimmed, 0.13);
    const drawn = Math.min(most, this.count);
    for (const pass of this.focused ? [1, 2] : [0]) {
      gl.uniform1f(uniforms.pass, pass);
      gl.drawArrays(gl.POINTS, MOST_POINTS - drawn, drawn);
    }
  }

  close() {
    for (const [name, listener] of Object.entries(this.listeners)) this.canvas.removeEventListener(name, listener);
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Return the diameter of a point of medium popularity in CSS pixels: smaller where points are many, larger when near. */
export function diameter({ width, height, zoom }, count) {
  const base = 0.32 * Math.sqrt((width * height) / Math.max(1, count));
  return Math.min(16, Math.min(8, Math.max(2.2, base)) * zoom ** 0.35);
}
