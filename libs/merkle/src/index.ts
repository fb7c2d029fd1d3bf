/** Binary Merkle trees over domain-tagged 32-byte leaves: root = H(domain ‖ leaf count ‖ top), inner nodes bare SHA-256 of 64 bytes. */
export { merkleProof, merkleRoot, merkleRootOf } from './merkle-list.ts';
export { type LeafChange, MAX_TREE_LEAVES, MerkleTree } from './merkle-tree.ts';
export { ROOT_DOMAIN } from './seal-root.ts';
export { depthOf, MAX_LEAVES } from './shape.ts';
export { type InclusionClaim, verifyProof } from './verify-proof.ts';
