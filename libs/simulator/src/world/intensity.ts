/**
 * What a run is about: everything at once; the same while one validator loses its disks, all but its signer's; the network as an enemy of view changes; a network slower than the base time-out; or
 * nothing but small delays. Of the last two the cases are enumerated, and the number of the case takes the place of the seed.
 */
export const intensities = ['all faults', 'view changes', 'slow network', 'calm', 'lost disks', 'crash points', 'twins'] as const;
export type Intensity = (typeof intensities)[number];
